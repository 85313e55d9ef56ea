"""One file per feature: gather facts, ask a rule, record, answer."""
