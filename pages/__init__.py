"""The screens of the app, one module each, with a folder of panels beside it."""
