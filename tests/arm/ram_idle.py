# The resident set of an interpreter that has imported what every program does.
import threading, queue
from ram import resident, report

report("idle", resident(), 550)
