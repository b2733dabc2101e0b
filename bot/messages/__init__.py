"""What is said in Slack: plain data in, Block Kit out; one message a file."""
