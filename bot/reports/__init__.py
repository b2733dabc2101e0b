"""What an audit came to, written for machines and people who were not there: plain data, and a renderer a file."""
