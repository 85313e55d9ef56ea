"""Who may go online and under which limits: pure rules, facts and now in, a verdict out."""
