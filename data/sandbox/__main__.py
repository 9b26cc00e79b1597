"""`python -m data.sandbox FOLDER PORT`: serve a folder that was prepared before, as it is."""

import sys
from pathlib import Path

from data.sandbox.app import listen, serve_state
from data.sandbox.state import State

if __name__ == "__main__":
    serve_state(State(Path(sys.argv[1])), listen(int(sys.argv[2])))
