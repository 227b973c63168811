"""Job queues under measurement: one script for each, with the same four orders; `shared.py` says which."""
