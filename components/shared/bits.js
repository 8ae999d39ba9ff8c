// @ts-check
// Masks of rows, packed to one bit a row as numpy.packbits does, and as base64.

/**
 * Unpack a mask of one bit a row, the highest bit of a byte first, to 0 and 1.
 *
 * @param {Uint8Array} bytes
 * @param {number} count
 */
export function unpackBits(bytes, count) {
  const mask = new Uint8Array(count);
  for (let i = 0; i < count; i++) mask[i] = (bytes[i >> 3] >> (7 - (i & 7))) & 1;
  return mask;
}

/**
 * Pack rows into a mask of one bit a row.
 *
 * @param {Iterable<number>} rows
 * @param {number} count
 */
export function packBits(rows, count) {
  const bytes = new Uint8Array(Math.ceil(count / 8));
  for (const row of rows) bytes[row >> 3] |= 128 >> (row & 7);
  return bytes;
}

/**
 * Encode bytes as base64.
 *
 * @param {Uint8Array} bytes
 */
export function toBase64(bytes) {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) { // a call takes only so many arguments
    text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  }
  return btoa(text);
}
