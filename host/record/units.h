/* Units: what is dealt to slots at the beginning, each a stretch of the order. */
#pragma once

#include "order.h"

struct dz_unit {
    uint64_t us;
    uint32_t a, end;
};

/* Modules, or pieces of those that take more than a part of share, which is what each slot would
 * get. Longest first. NULL when there is no memory. */
struct dz_unit *dz_units_cut(struct dz_order *order, uint64_t share_us, uint32_t *ret_n);
