// SPDX-License-Identifier: GPL-2.0-only
/*
 * Files of sysfs and debugfs, see settings.h.
 */
#include <kunit/resource.h>
#include <kunit/test.h>
#include <linux/file.h>
#include <linux/fs.h>
#include <linux/mount.h>
#include <linux/string.h>
#include <linux/uaccess.h>

#include "process.h"
#include "settings.h"

/**
 * struct mm_kunit_setting - a file of sysfs or debugfs, and what it held
 * @fs: name of the file system
 * @path: the file, seen from the root of @fs
 * @value: what to write
 * @old: what it held before, in the words that set it
 */
struct mm_kunit_setting {
	const char *fs;
	const char *path;
	const char *value;
	char old[128];
};

/* A file that lists choices has the current one in brackets. */
static void mm_kunit_keep_chosen(char *text)
{
	char *from = strchr(text, '[');
	char *to = from ? strchr(from, ']') : NULL;

	if (to)
		memmove(text, from + 1, to - from - 1);
	text[to ? to - from - 1 : strcspn(text, "\n")] = '\0';
}

static int mm_kunit_access_file(struct mm_kunit_setting *setting,
				struct file *file)
{
	char __user *buf = (char __user *)MM_KUNIT_USER_PAGE;
	size_t len = strlen(setting->value);
	ssize_t ret;
	loff_t pos = 0;

	if (!setting->old[0]) {
		ret = vfs_read(file, buf, sizeof(setting->old) - 1, &pos);
		if (ret < 0)
			return ret;
		if (copy_from_user(setting->old, buf, ret))
			return -EFAULT;
		mm_kunit_keep_chosen(setting->old);
	}
	pos = 0;
	if (copy_to_user(buf, setting->value, len))
		return -EFAULT;
	ret = vfs_write(file, buf, len, &pos);
	return ret < 0 ? ret : ret == len ? 0 : -EIO;
}

/* Called in a thread of its own. */
static int mm_kunit_access_setting(void *arg)
{
	struct mm_kunit_setting *setting = arg;
	struct file_system_type *type = get_fs_type(setting->fs);
	struct path root;
	struct mm_struct *mm;
	struct file *file;
	int ret = -ENOMEM;

	if (!type)
		return -ENODEV;
	root.mnt = vfs_kern_mount(type, 0, setting->fs, NULL);
	put_filesystem(type);
	if (IS_ERR(root.mnt))
		return PTR_ERR(root.mnt);
	root.dentry = root.mnt->mnt_root;
	file = file_open_root(&root, setting->path, O_RDWR, 0);
	mntput(root.mnt);
	if (IS_ERR(file))
		return PTR_ERR(file);
	mm = mm_kunit_use_user_page();
	if (mm) {
		ret = mm_kunit_access_file(setting, file);
		mm_kunit_unuse_user_page(mm);
	}
	fput(file);
	return ret;
}

static void mm_kunit_restore_action(void *ctx)
{
	struct mm_kunit_setting *setting = ctx;

	setting->value = setting->old;
	if (mm_kunit_run_in_kthread(mm_kunit_access_setting, setting))
		pr_err("mm_kunit: cannot restore %s to %s\n", setting->path,
		       setting->old);
}

/**
 * mm_kunit_write_setting() - write to a file of sysfs or debugfs
 * @test: the case, at whose end the file holds again what it held before
 * @fs: name of the file system
 * @path: the file, seen from the root of @fs
 * @value: what to write
 *
 * Return: the setting, for mm_kunit_restore_setting()
 */
struct mm_kunit_setting *mm_kunit_write_setting(struct kunit *test,
						const char *fs,
						const char *path,
						const char *value)
{
	struct mm_kunit_setting *setting;
	int ret;

	setting = kunit_kzalloc(test, sizeof(*setting), GFP_KERNEL);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, setting);
	setting->fs = fs;
	setting->path = path;
	setting->value = value;
	ret = mm_kunit_run_in_kthread(mm_kunit_access_setting, setting);
	if (!ret)
		ret = kunit_add_action_or_reset(test, mm_kunit_restore_action,
						setting);
	KUNIT_ASSERT_EQ_MSG(test, ret, 0, "%s to %s", value, path);
	return setting;
}

/**
 * mm_kunit_rewrite_setting() - write to the file of a setting once more
 * @setting: the setting
 * @value: what to write
 *
 * It asserts nothing; what the file held first comes back as before.
 *
 * Return: 0, or a negative errno
 */
int mm_kunit_rewrite_setting(struct mm_kunit_setting *setting,
			     const char *value)
{
	setting->value = value;
	return mm_kunit_run_in_kthread(mm_kunit_access_setting, setting);
}

/**
 * mm_kunit_restore_setting() - undo mm_kunit_write_setting() before the case ends
 * @test: the case
 * @setting: what mm_kunit_write_setting() returned
 */
void mm_kunit_restore_setting(struct kunit *test,
			      struct mm_kunit_setting *setting)
{
	kunit_release_action(test, mm_kunit_restore_action, setting);
}

/**
 * mm_kunit_inject_failures() - have fail_page_alloc fail what it is told to
 * @test: the case, which is skipped where there is no fault injection
 *
 * It does so without a word, until the case ends.
 */
void mm_kunit_inject_failures(struct kunit *test)
{
	static const char *const settings[][2] = {
		{ "fail_page_alloc/verbose", "0" },
		{ "fail_page_alloc/min-order", "0" },
		{ "fail_page_alloc/ignore-gfp-wait", "N" },
		{ "fail_page_alloc/ignore-gfp-highmem", "N" },
	};
	int i;

	if (!IS_ENABLED(CONFIG_FAIL_PAGE_ALLOC) ||
	    !IS_ENABLED(CONFIG_FAULT_INJECTION_DEBUG_FS))
		kunit_skip(test, "fault injection is compiled out");
	for (i = 0; i < ARRAY_SIZE(settings); i++)
		mm_kunit_write_setting(test, "debugfs", settings[i][0],
				       settings[i][1]);
}
