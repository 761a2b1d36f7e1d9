/* What makes a process a worker, forked or spawned: its own group, no input, first in line when memory is short. */
#pragma once

void dz_settle(void);
