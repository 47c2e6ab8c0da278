# Goes on when the importing script says so, or after a second.

import threading

seen = threading.Event()
seen.wait(1)
done = True
