"""Reading the files of users in worker processes, within limits on memory, time and open files."""
