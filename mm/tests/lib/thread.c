// SPDX-License-Identifier: GPL-2.0-only
/*
 * A thread that does something while the case goes on, see thread.h.
 */
#include <linux/err.h>
#include <linux/file.h>
#include <linux/jiffies.h>
#include <linux/kthread.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>

#include "fixture.h"
#include "thread.h"

static int mm_kunit_thread_main(void *data)
{
	struct mm_kunit_thread *thread = data;

	allow_signal(SIGKILL);
	thread->ret = thread->fn(thread->arg);
	complete(&thread->done);
	return 0;
}

/**
 * mm_kunit_start_thread() - have a kernel thread without an mm call a function
 * @thread: the function, and room for what the thread needs; it stays where it
 *	is until mm_kunit_join_thread() has returned
 * @cpu: the CPU to run on, or -1 for any
 *
 * Return: 0, or a negative errno if there is no thread, which
 * mm_kunit_join_thread() returns as well
 */
int mm_kunit_start_thread(struct mm_kunit_thread *thread, int cpu)
{
	struct task_struct *task;

	init_completion(&thread->done);
	thread->task = NULL;
	task = kthread_create(mm_kunit_thread_main, thread, "mm_kunit_thread");
	if (IS_ERR(task)) {
		thread->ret = PTR_ERR(task);
		complete(&thread->done);
		return thread->ret;
	}
	if (cpu >= 0)
		kthread_bind(task, cpu);
	thread->task = get_task_struct(task);
	wake_up_process(task);
	return 0;
}

/**
 * mm_kunit_thread_returns() - give a thread some time to return
 * @thread: the thread
 * @ms: how long it may take
 *
 * Return: whether it has returned
 */
bool mm_kunit_thread_returns(struct mm_kunit_thread *thread, int ms)
{
	unsigned long end = jiffies + msecs_to_jiffies(ms);

	while (!completion_done(&thread->done) && time_before(jiffies, end))
		schedule_timeout_uninterruptible(1);
	return completion_done(&thread->done);
}

/**
 * mm_kunit_join_thread() - wait for a thread, and kill it if that takes long
 * @thread: the thread
 * @seconds: how long it may take
 *
 * Return: what its function returned
 */
int mm_kunit_join_thread(struct mm_kunit_thread *thread, int seconds)
{
	if (!thread->task)
		return thread->ret;
	if (!wait_for_completion_timeout(&thread->done, seconds * HZ)) {
		send_sig(SIGKILL, thread->task, 1);
		wait_for_completion(&thread->done);
	}
	put_task_struct(thread->task);
	mm_kunit_wait_for_rcu_later();
	flush_delayed_fput(); /* a kernel thread closes its files later */
	return thread->ret;
}
