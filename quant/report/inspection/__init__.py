"""What ``quant inspect`` says of a folder: a verdict that can be acted on, then the evidence."""
