/* How many processes can really run at once here. */
#pragma once

/* By CPU affinity and the quotas of the cgroups around us (v2 and v1); at least 1. */
unsigned dz_cores(void);
/* Each by itself; 0: there is no quota. */
unsigned dz_cores_by_affinity(void);
unsigned dz_cores_by_quota(void);
