# Reads a JSON-stat file with pyjstat into a data frame; prints the seconds.
# pyjstat drops the status, so there is less in its frame than in our table.
import json
import sys
import time

from pyjstat import pyjstat

start, used = time.perf_counter(), time.process_time()
with open(sys.argv[1], encoding="utf-8") as f:
    frame = pyjstat.Dataset.read(f.read()).write("dataframe", naming="id")
taken = {"Wall": time.perf_counter() - start, "CPU": time.process_time() - used}
if len(frame) == 0:
    sys.exit("no rows")
print(json.dumps({"Parse": taken, "Table": taken}))
