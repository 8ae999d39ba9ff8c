"""Reading the files of users in child processes, within limits on memory, time and open files."""
