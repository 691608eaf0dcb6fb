// SPDX-License-Identifier: GPL-2.0-only
/*
 * Device nodes in the root file system, see node.h.
 */
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/fs_struct.h>
#include <linux/kdev_t.h>
#include <linux/mm.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "node.h"
#include "process.h"
#include "syscall.h"

/**
 * struct mm_kunit_node_call - a call that needs a device node
 * @name: path of the node
 * @mode: its type and permissions
 * @dev: the device
 * @fn: what to call
 * @arg: with what
 */
struct mm_kunit_node_call {
	const char *name;
	umode_t mode;
	dev_t dev;
	int (*fn)(const char *name, void *arg);
	void *arg;
};

static int mm_kunit_call_with_node(void *arg)
{
	const char __user *name = (const char __user *)MM_KUNIT_USER_PAGE;
	struct mm_kunit_node_call *call = arg;
	struct mm_struct *mm = mm_kunit_use_user_page();
	int ret;

	if (!mm)
		return -ENOMEM;
	if (copy_to_user((void __user *)name, call->name,
			 strlen(call->name) + 1)) {
		mm_kunit_unuse_user_page(mm);
		return -EFAULT;
	}
	scoped_with_init_fs()
	{
		ret = mm_kunit_syscall(mknodat, AT_FDCWD, name, call->mode,
				       new_encode_dev(call->dev));
		if (!ret) {
			ret = call->fn(call->name, call->arg);
			mm_kunit_syscall(unlinkat, AT_FDCWD, name, 0);
		}
	}
	mm_kunit_unuse_user_page(mm);
	return ret;
}

/**
 * mm_kunit_with_node() - call a function while there is a device node
 * @name: path of the node, which is not there yet
 * @mode: its type and permissions
 * @dev: the device
 * @fn: the function; it asserts nothing
 * @arg: its second argument
 *
 * Return: what @fn returns, or a negative errno
 */
int mm_kunit_with_node(const char *name, umode_t mode, dev_t dev,
		       int (*fn)(const char *name, void *arg), void *arg)
{
	struct mm_kunit_node_call call = {
		.name = name,
		.mode = mode,
		.dev = dev,
		.fn = fn,
		.arg = arg,
	};

	return mm_kunit_run_in_kthread(mm_kunit_call_with_node, &call);
}
