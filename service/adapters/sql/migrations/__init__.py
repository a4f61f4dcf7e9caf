"""Steps that make the tables and change them: one for each version of the record."""
