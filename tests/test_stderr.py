"""What an agent says to a log that is gone."""

import os
import subprocess
import sys

SAYS = """
import os
from sipbot.sip import stderr
stderr.say("call c: no audio")
stderr.say("call c: no prompt")
os.write(1, b"went on")
os._exit(0)
"""


def test_agent_goes_on_when_nobody_reads_its_log_any_more() -> None:
    reader, log = os.pipe()
    os.close(reader)
    try:
        said = subprocess.run(
            [sys.executable, "-c", SAYS], stdout=subprocess.PIPE, stderr=log, check=True
        )
    finally:
        os.close(log)
    assert b"went on" == said.stdout
