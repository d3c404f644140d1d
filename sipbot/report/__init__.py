"""What client companies are handed: the weekly pack and the monthly statement.

A folder of its own because it is a border: what leaves the agency passes here, in the reader's
language, and nothing that the reader must not see.
"""
