"""Brings the copy in channels.duckdb up to date."""

import dlt

from client_channels import channels

pipeline = dlt.pipeline("client_channels", destination="duckdb", dataset_name="copy")
# A run that was stopped can leave rows that are read, but not loaded. dlt does not read on before they are loaded.
pipeline.run()
print(pipeline.run(channels()))
