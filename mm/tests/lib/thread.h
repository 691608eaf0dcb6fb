/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A thread that does something while the case goes on.
 */
#ifndef _MM_KUNIT_THREAD_H
#define _MM_KUNIT_THREAD_H

#include <linux/completion.h>
#include <linux/types.h>

struct task_struct;

/**
 * struct mm_kunit_thread - a function that a thread of its own calls
 * @fn: the function; it asserts nothing, and ends early if it is killed
 * @arg: its argument
 * @ret: what it returned
 * @done: it has returned
 * @task: the thread
 */
struct mm_kunit_thread {
	int (*fn)(void *arg);
	void *arg;
	int ret;
	struct completion done;
	struct task_struct *task;
};

int mm_kunit_start_thread(struct mm_kunit_thread *thread, int cpu);
bool mm_kunit_thread_returns(struct mm_kunit_thread *thread, int ms);
int mm_kunit_join_thread(struct mm_kunit_thread *thread, int seconds);

#endif /* _MM_KUNIT_THREAD_H */
