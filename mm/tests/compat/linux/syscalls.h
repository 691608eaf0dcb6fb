/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef _MM_KUNIT_COMPAT_SYSCALLS_H
#define _MM_KUNIT_COMPAT_SYSCALLS_H

#include <linux/syscalls.h>

/* Before 5.12 a system call of s390 has another name, but takes its arguments. */
#ifndef CONFIG_MM_KUNIT_HAS_SYSCALL_REGS
long __s390x_sys_close(unsigned int fd);
long __s390x_sys_mknodat(int dfd, const char __user *name, umode_t mode,
			 unsigned int dev);
long __s390x_sys_mprotect(unsigned long addr, size_t len, unsigned long prot);
long __s390x_sys_mremap(unsigned long from, unsigned long old_len,
			unsigned long new_len, unsigned long flags,
			unsigned long to);
long __s390x_sys_swapoff(const char __user *name);
long __s390x_sys_swapon(const char __user *name, int flags);
long __s390x_sys_unlinkat(int dfd, const char __user *name, int flag);
long __s390x_sys_userfaultfd(int flags);
#define mm_kunit_syscall(name, ...) __s390x_sys_##name(__VA_ARGS__)
#endif

#endif /* _MM_KUNIT_COMPAT_SYSCALLS_H */
