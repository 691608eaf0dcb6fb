/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_HRTIMER_H
#define _MM_KUNIT_COMPAT_HRTIMER_H

#include <linux/hrtimer.h>

#ifndef CONFIG_MM_KUNIT_HAS_HRTIMER_SETUP
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*fn)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = fn;
}
#endif

#endif /* _MM_KUNIT_COMPAT_HRTIMER_H */
