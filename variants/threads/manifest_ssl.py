# To freeze ssl into a build with TLS=12 or TLS=13. tools/build.sh does.

module("ssl.py", base_path="../../lib", opt=3)
