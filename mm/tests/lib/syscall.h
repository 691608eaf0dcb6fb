/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * System calls of a kernel thread that uses the mm of a process.
 */
#ifndef _MM_KUNIT_SYSCALL_H
#define _MM_KUNIT_SYSCALL_H

#include <linux/ptrace.h>
#include <linux/syscalls.h>

/*
 * mprotect() and mremap() have no entry inside the kernel but the system call
 * itself. Where an arch wraps it, its arguments are in a struct pt_regs.
 */
#ifdef CONFIG_ARCH_HAS_SYSCALL_WRAPPER
#if defined(CONFIG_X86_64)
#define MM_KUNIT_SYSCALL(name) __x64_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e)                                   \
	{                                                              \
		.di = (a), .si = (b), .dx = (c), .r10 = (d), .r8 = (e) \
	}
#elif defined(CONFIG_ARM64)
#define MM_KUNIT_SYSCALL(name) __arm64_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e)               \
	{                                          \
		.regs = {(a), (b), (c), (d), (e) } \
	}
#elif defined(CONFIG_RISCV)
#define MM_KUNIT_SYSCALL(name) __riscv_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e)                                       \
	{                                                                  \
		.orig_a0 = (a), .a1 = (b), .a2 = (c), .a3 = (d), .a4 = (e) \
	}
#elif defined(CONFIG_S390)
#define MM_KUNIT_SYSCALL(name) __s390x_sys_##name
#define MM_KUNIT_REGS(a, b, c, d, e)                                   \
	{                                                              \
		.orig_gpr2 = (a), .gprs = { [3] = (b), (c), (d), (e) } \
	}
#endif

#ifndef mm_kunit_syscall
long MM_KUNIT_SYSCALL(close)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(mknodat)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(mprotect)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(mremap)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(swapoff)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(swapon)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(unlinkat)(const struct pt_regs *regs);
long MM_KUNIT_SYSCALL(userfaultfd)(const struct pt_regs *regs);

/* A system call on the mm in use; up to five arguments follow the name. */
#define mm_kunit_syscall(name, ...) \
	__mm_kunit_syscall(name, __VA_ARGS__, 0, 0, 0, 0)
#define __mm_kunit_syscall(name, a, b, c, d, e, ...)			\
({									\
	struct pt_regs regs = MM_KUNIT_REGS((unsigned long)(a),		\
					    (unsigned long)(b),		\
					    (unsigned long)(c),		\
					    (unsigned long)(d),		\
					    (unsigned long)(e));	\
									\
	MM_KUNIT_SYSCALL(name)(&regs);					\
})
#endif
#else
#define mm_kunit_syscall(name, ...) sys_##name(__VA_ARGS__)
#endif

#endif /* _MM_KUNIT_SYSCALL_H */
