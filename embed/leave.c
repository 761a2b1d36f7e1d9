#include "leave.h"

#include <sys/syscall.h>
#include <unistd.h>

void dz_leave(int status)
{
    for (;;)
        syscall(SYS_exit_group, status);
}
