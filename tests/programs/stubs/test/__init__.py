# A package: MicroPython needs the file.
