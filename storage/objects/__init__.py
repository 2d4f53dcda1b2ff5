"""An object store (S3, Google, Azure) in place of a folder, through the extra `objects`."""
