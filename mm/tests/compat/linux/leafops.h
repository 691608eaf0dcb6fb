/* SPDX-License-Identifier: GPL-2.0-only */
/* Older trees have no such header. */
#include "swapops.h"
