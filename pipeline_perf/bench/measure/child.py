"""The fresh process in which a target function runs: reads a request, calls, writes the reply.

Run by path, never imported by the lab, and importing nothing of it: what this file imports counts
as memory and time of every measured function.
"""

import importlib
import json
import sys
import time


def main(request_path: str) -> None:
    """Call the function that the request at `request_path` names, and write the reply.

    Raises SystemExit where the function returns what JSON cannot hold.
    """
    with open(request_path, encoding="utf-8") as file:  # noqa: PTH123
        # pathlib would cost every measured function its import
        request = json.load(file)
    if request["path"]:
        sys.path[:] = request["path"]
    module, _, name = request["target"].partition(":")
    function = getattr(importlib.import_module(module), name)
    wall, cpu = time.perf_counter(), time.process_time()
    returned = function(**request["params"])
    call = {
        "call_seconds": time.perf_counter() - wall,
        "call_cpu_seconds": time.process_time() - cpu,
    }
    try:
        reply = json.dumps({"returned": returned, "call": call})
    except (TypeError, ValueError) as error:
        raise SystemExit(
            f"{request['target']} returned what JSON cannot hold ({error}): return numbers, text,"
            " lists, dicts"
        ) from None
    with open(request["reply"], "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write(reply)


if __name__ == "__main__":
    main(sys.argv[1])
