"""The examples of a policy: what they give, and whether the rules say of it what is expected."""
