"""Sources into the catalogue: files of rows, what their columns mean, and the import that makes a revision of them."""
