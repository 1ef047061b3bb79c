"""What is written beside rendered migrations, as text. Nothing here is imported to run a plan, and nothing here imports orglift."""
