/** Never listens. */
process.stderr.write('no licence found\n');
process.exitCode = 1;
