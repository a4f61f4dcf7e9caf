"""The command `lora-screening`.

main      serve, check, demo, and the indexer's commands
blocked   LoRAs that are known again on any upload
people    accounts and API keys
sets      reference sets, from folders and back
audit     the audit log; the index that is built from the record
"""

from service.cli.main import app

__all__ = ["app"]
