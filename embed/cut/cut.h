/* The role `cut`: a bare interpreter that runs no user code, parses sources and answers with their sheets. */
#pragma once

/* Serves the host over this socket until it is closed. Returns the exit code. */
int dz_cut_serve(int socket);
