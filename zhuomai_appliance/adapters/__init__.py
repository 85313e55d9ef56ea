"""The outside world behind interfaces: payment, messages, directories, mail, logs."""
