"""Ask for a table as Parquet, wait, fetch its files and hold them against their checksums.

    python fetch.py https://auth.example.com ACCESS_TOKEN events 2026-11-01 2026-12-01 DIRECTORY

Needs nothing but Python. The access token is of an account with the role analyst.
"""

import hashlib
import json
import sys
import time
from pathlib import Path
from urllib.request import Request, urlopen

base, token, table, since, until, directory = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
asked = json.dumps({"table": table, "format": "parquet", "from": since, "to": until}).encode()
with urlopen(Request(f"{base}/api/analytics/exports", asked, headers)) as reply:
    export = json.load(reply)
while export["status"] in {"pending", "running"}:
    time.sleep(1)
    with urlopen(Request(f"{base}/api/analytics/exports/{export['id']}", None, headers)) as reply:
        export = json.load(reply)
    print(f"{export['progress']:.0%}")
if export["status"] == "failed":
    sys.exit(export["error"])
for file in export["files"]:
    path = Path(directory, file["name"])
    path.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with urlopen(base + file["url"]) as reply, path.open("wb") as target:
        while piece := reply.read(1 << 20):
            digest.update(piece)
            target.write(piece)
    if digest.hexdigest() != file["sha256"]:
        sys.exit(f"{path} did not come whole: fetch it again")
