"""Files of bare arrays: npy, npz, safetensors, raw tensors."""
