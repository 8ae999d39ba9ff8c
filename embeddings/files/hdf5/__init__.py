"""HDF5 files: generic ones, AnnData (h5ad), ELMo sentences."""
