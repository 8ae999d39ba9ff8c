"""The address of a view: what it holds, the browser's address bar, and long selections."""

from pages.explore.address.parameters import Address, decode, decode_mask, encode, encode_mask

__all__ = ["Address", "decode", "decode_mask", "encode", "encode_mask"]
