/* `dagz COMMAND …`: questions to what is stored, answered without Python. */
#pragma once

enum {
    DZ_EXIT_FOUND = 0,
    DZ_EXIT_UNKNOWN = 1,
    DZ_EXIT_USAGE = 2,
};

int dz_command_main(int argc, char **argv);

/* One for each command: argv[0] is the command's name. */
int dz_command_config(int argc, char **argv);
int dz_command_discover(int argc, char **argv);
int dz_command_gc(int argc, char **argv);
int dz_command_setup(int argc, char **argv);
int dz_command_sheet(int argc, char **argv);
int dz_command_last(int argc, char **argv);
int dz_command_observed(int argc, char **argv);
int dz_command_select(int argc, char **argv);
int dz_command_why(int argc, char **argv);
int dz_command_why_not(int argc, char **argv);
