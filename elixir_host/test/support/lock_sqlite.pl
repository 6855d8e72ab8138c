#!/usr/bin/perl
# Holds the lock that SQLite takes to write to the database named, as another process that writes would, until stdin closes.
use strict;
use warnings;
use Fcntl qw(F_SETLKW F_WRLCK SEEK_SET);

$| = 1;
# In WAL mode the locks are bytes of the index file; this one is the writer's (WAL_WRITE_LOCK, SQLite's walformat.html).
open(my $index, "+<", "$ARGV[0]-shm") or die "no $ARGV[0]-shm: $!\n";
# Linux's struct flock on 64 bits: type, whence, start, length, process.
my $lock = pack("s s x4 q q i x4", F_WRLCK, SEEK_SET, 120, 1, 0);
fcntl($index, F_SETLKW, $lock) or die "no lock: $!\n";
print "locked\n";
1 while <STDIN>;
