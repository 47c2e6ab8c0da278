package("agent", base_path="..", opt=3)
