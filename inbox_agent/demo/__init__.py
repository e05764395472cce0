"""A sample mailbox, and the embedded IMAP server it lives in.

Nothing here is real: every organisation is invented and lives under ``.example``, the top-level
domain that RFC 2606 §2 keeps for examples, and all IP addresses are those of RFC 5737 §3.
"""
