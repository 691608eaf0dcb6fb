/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_SCHED_H
#define _MM_KUNIT_COMPAT_SCHED_H

#include <linux/sched/mm.h>
#include <linux/sched/task.h>

#ifndef CONFIG_MM_KUNIT_HAS_CLONE_FN
struct mm_kunit_clone_args {
	u64 flags;
	int exit_signal;
	int (*fn)(void *arg);
	void *fn_arg;
};

/* A function for the child to call is passed in place of its stack. */
static inline pid_t mm_kunit_kernel_clone(struct mm_kunit_clone_args *args)
{
	struct kernel_clone_args old = {
		.flags = args->flags,
		.exit_signal = args->exit_signal,
		.stack = (unsigned long)args->fn,
		.stack_size = (unsigned long)args->fn_arg,
	};

	return kernel_clone(&old);
}

#define kernel_clone_args	mm_kunit_clone_args
#define kernel_clone(args)	mm_kunit_kernel_clone(args)
#endif

#endif /* _MM_KUNIT_COMPAT_SCHED_H */
