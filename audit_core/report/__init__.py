"""What is handed out: plain data first, then one renderer a file. Evidence is shown; people conclude."""
