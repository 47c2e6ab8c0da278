"""What of CPython's programs and tests cannot run on MicroPython, and why."""

NO_WEAKREF = "MicroPython has no weak references: the stub keeps its object"
NO_DEL = "MicroPython never calls __del__"
NO_INTERRUPT = "MicroPython has no _thread.interrupt_main() and no module signal"
NO_STDERR = "MicroPython's sys.stderr cannot be assigned"
INTERNALS = "it looks into CPython's own threading: "
DEAD_DUMMY = "a foreign thread leaves _active when it ends, not when a program deletes it"

# A test, a class of tests or a module: why. The longest name that fits counts.
CANNOT = {
    "test_queue.CSimpleQueueTest.test_references": NO_WEAKREF,
    "test_queue.PySimpleQueueTest.test_references": NO_WEAKREF,
    "test_threading.CRLockTests.test_weakref_deleted": NO_WEAKREF,
    "test_threading.ConditionAsRLockTests.test_weakref_deleted": NO_WEAKREF,
    "test_threading.ExceptHookTests.test_custom_excepthook_fail": NO_STDERR,
    "test_threading.ExceptHookTests.test_custom_excepthook": "exceptions have no __traceback__",
    "test_threading.InterruptMainTests.test_interrupt_main_invalid_signal": NO_INTERRUPT,
    "test_threading.InterruptMainTests.test_interrupt_main_mainthread": NO_INTERRUPT,
    "test_threading.InterruptMainTests.test_interrupt_main_noerror": NO_INTERRUPT,
    "test_threading.InterruptMainTests.test_interrupt_main_subthread": NO_INTERRUPT,
    "test_threading.InterruptMainTests.test_interrupt_main_with_signal_handler": NO_INTERRUPT,
    "test_threading.LockTests.test_weakref_deleted": NO_WEAKREF,
    "test_threading.MiscTestCase.test__all__": "it needs CPython's test.support.check__all__()",
    "test_threading.PyRLockTests.test_weakref_deleted": NO_WEAKREF,
    "test_threading.SubinterpThreadingTests": "MicroPython has no subinterpreters, no os.pipe()",
    "test_threading.ThreadJoinOnShutdown.test_4_daemon_threads": (
        "no import lock: a thread sees the package that another is importing"
    ),
    "test_threading.ThreadTests.test_disallow_instantiation": "type(lock) is Lock, as since 3.13",
    "test_threading.ThreadTests.test_enumerate_after_join": "no sys.getswitchinterval()",
    "test_threading.ThreadTests.test_finalize_with_trace": "no sys.settrace()",
    "test_threading.ThreadTests.test_foreign_thread": DEAD_DUMMY,
    "test_threading.ThreadTests.test_frame_tstate_tracing": "no sys.gettrace()",
    "test_threading.ThreadTests.test_ident_of_no_threading_threads": DEAD_DUMMY,
    "test_threading.ThreadTests.test_import_from_another_thread": (
        "sys.modules does not hold built-in modules"
    ),
    "test_threading.ThreadTests.test_join_nondaemon_on_shutdown": (
        "a built-in function's repr() does not name it"
    ),
    "test_threading.ThreadTests.test_limbo_cleanup": INTERNALS + "_start_new_thread",
    "test_threading.ThreadTests.test_locals_at_exit": NO_DEL,
    "test_threading.ThreadTests.test_main_thread_during_shutdown": NO_DEL,
    "test_threading.ThreadTests.test_no_refcycle_through_target": NO_WEAKREF,
    "test_threading.ThreadTests.test_shutdown_locks": INTERNALS + "_tstate_lock",
    "test_threading.ThreadTests.test_tstate_lock": INTERNALS + "_tstate_lock",
    "test_threading.ThreadingExceptionTests.test_print_exception_stderr_is_none_1": NO_STDERR,
    "test_threading.ThreadingExceptionTests.test_print_exception_stderr_is_none_2": NO_STDERR,
    "test_threading_local.PyThreadingLocalTest.test_cycle_collection": NO_WEAKREF,
    "test_threading_local.PyThreadingLocalTest.test_local_refs": NO_WEAKREF,
    "test_threading_local.ThreadLocalTest.test_cycle_collection": NO_WEAKREF,
    "test_threading_local.ThreadLocalTest.test_local_refs": NO_WEAKREF,
}
