"""Runs Airbyte's program for manifests without its output buffer, so that a kill loses nothing that the source has said."""

from airbyte_cdk.cli.source_declarative_manifest import run
from airbyte_cdk.logger import PRINT_BUFFER

PRINT_BUFFER.flush_interval = 0
run()
