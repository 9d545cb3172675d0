# Makes of lighttpd/fastcgi.conf what leaves the programs to whoever holds their sockets.
s/^# The programs as FastCGI: .*/# The programs, behind their sockets./
s|env.FX_HOME + "/run|"/run/fxbridge|
/^# lighttpd puts "-0"/d
/^server.modules/d
/^# How many/,/^include_shell/d
/"bin-/d
/-procs"/d
/"kill-signal"/d
/# One process:/d
/# Seconds without a request/d
/"idle-timeout"/d
