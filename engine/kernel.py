"""Machine-code kernels that load without importing numba.

A kernel is a plain Python function over numpy arrays and scalars, marked `@kernel("f8[:]", "i8")`.  The first call on a
machine lets numba compile it and keeps the object code on disk; every later process loads that object through llvmlite
in a few milliseconds.  numba's own cache costs its import and start (0.5 s of CPU) in every process, which is longer
than most back-tests take (docs/decisions.md, "Kernels").

Rules for kernel code: no allocation, no exceptions, no Python objects; outputs are arrays given by the caller.
Functions that kernels call are marked `@part`.  Arithmetic follows IEEE 754 (x/0 is inf or NaN), never an exception.
"""

import ctypes
import hashlib
import os
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from inspect import signature
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any

import numpy as np

from engine.errors import InputError

RecordTypes = dict[str, np.dtype[Any]]
_SCALARS: dict[str, Any] = {"f8": ctypes.c_double, "i8": ctypes.c_int64}


def _tell_nobody(name: str) -> None:
    pass


# Told the name of a kernel before it is compiled, which takes seconds and happens once per machine; a shell that has
# somebody to tell replaces it.
announce: Callable[[str], None] = _tell_nobody


def part[F: Callable[..., Any]](fn: F) -> F:
    """Mark a function that kernels may call; for Python it stays a plain function."""
    fn.__kernel_part__ = True  # type: ignore[attr-defined]
    return fn


def kernel(*types: str, records: RecordTypes | None = None) -> Callable[[Callable[..., Any]], "Kernel"]:
    """Declare a kernel by its argument types: `f8`, `i8`, or arrays as `f8[:]`, `i1[:]`, `f8[:,:]`, `name[:]`.

    `records` gives the structured dtypes behind such names.  The function returns an integer status.
    """
    return lambda fn: Kernel(fn, types, records or {})


class Kernel:
    """A compiled function over arrays.

    Arrays must be C-contiguous and of the declared dtype; anything else is a `TypeError`, since machine code reads
    memory as it finds it.
    """

    def __init__(self, fn: Callable[..., Any], types: tuple[str, ...], records: RecordTypes) -> None:
        self.python = fn
        self.types, self.records = types, records
        self.__doc__, self.__name__ = fn.__doc__, fn.__name__
        self.dtypes = [self._dtype(t) for t in types]
        self._entry: Callable[..., int] | None = None

    def _dtype(self, kind: str) -> np.dtype[Any] | None:
        if kind in _SCALARS:
            return None
        name = kind.partition("[")[0]
        return self.records.get(name) or np.dtype(name)

    def __call__(self, *args: Any) -> int:
        entry = self._entry or self._load()
        flat: list[Any] = []
        for value, dtype in zip(args, self.dtypes, strict=True):
            if dtype is None:
                flat.append(value)
                continue
            if value.dtype != dtype or not value.flags.c_contiguous:
                raise TypeError(f"kernel {self.__name__} wants contiguous {dtype}, got {value.dtype}")
            flat.append(value.ctypes.data)
            flat.extend(value.shape)
        return entry(*flat)

    def _load(self) -> Callable[..., int]:
        argtypes: list[Any] = []
        for kind in self.types:
            scalar = _SCALARS.get(kind)
            argtypes += [scalar] if scalar else [ctypes.c_void_p] + [ctypes.c_int64] * kind.count(":")
        self._entry = ctypes.CFUNCTYPE(ctypes.c_int64, *argtypes)(_link(_object_code(self)))
        return self._entry


# --- where object code lies, and under which key ---------------------------------------------------------------------


def cache_folder() -> Path:
    """The folder of compiled kernels: `$TRADEGRAPH_CACHE`, else the user's cache folder, else a temporary one.

    Raises InputError if all that is left is a folder others can write to.
    """
    base = os.environ.get("TRADEGRAPH_CACHE") or os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    folder = Path(base) / "tradegraph" / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if os.access(folder, os.W_OK):
            return folder
    except OSError:
        pass  # a home that cannot be written does not keep anyone from running
    folder = Path(tempfile.gettempdir()) / f"tradegraph-kernels-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    facts = folder.stat()
    if facts.st_uid != os.getuid() or facts.st_mode & 0o022:
        # Whoever can write there could have us run their machine code.
        raise InputError(f"{folder}: others can write to the kernels there; set TRADEGRAPH_CACHE to a folder of yours")
    return folder


@cache
def _machine() -> bytes:
    import llvmlite
    import llvmlite.binding as llvm

    features = llvm.get_host_cpu_features().flatten()
    return f"{llvmlite.__version__} {sys.implementation.cache_tag} {llvm.get_host_cpu_name()} {features}".encode()


def _fingerprint(fn: Any, seen: set[int]) -> bytes:
    """Everything the machine code of `fn` depends on: its byte code, constants and, in turn, the parts it calls."""
    if id(fn) in seen:
        return b""
    seen.add(id(fn))
    out = _code_bytes(fn.__code__)
    for name in _names(fn.__code__):
        value = fn.__globals__.get(name)
        if getattr(value, "__kernel_part__", False):
            out += name.encode() + _fingerprint(value, seen)
        elif isinstance(value, int | float | tuple):
            out += f"{name}={value!r};".encode()
    return out


def _code_bytes(code: CodeType) -> bytes:
    consts = [_code_bytes(c) if isinstance(c, CodeType) else repr(c).encode() for c in code.co_consts]
    return code.co_code + repr((code.co_names, code.co_varnames)).encode() + b"|".join(consts)


def _names(code: CodeType) -> tuple[str, ...]:
    return tuple(sorted(set(code.co_names)))


def _object_code(k: Kernel) -> bytes:
    key = hashlib.blake2b(_machine(), digest_size=16)
    key.update(repr((k.types, sorted((n, d.descr) for n, d in k.records.items()))).encode())
    key.update(_fingerprint(k.python, set()))
    path = cache_folder() / f"{k.__name__}-{key.hexdigest()}.o"
    try:
        return path.read_bytes()
    except FileNotFoundError:
        announce(k.__name__)
        code = _compile(k)
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(code)
    Path(file.name).replace(path)  # atomic: a second process compiling the same kernel writes the same bytes
    return code


# --- compiling (once per machine) and linking (once per process) -----------------------------------------------------


def _compile(k: Kernel) -> bytes:
    import numba
    from numba import types

    arguments: list[Any] = []
    for kind, dtype in zip(k.types, k.dtypes, strict=True):
        if dtype is None:
            arguments.append({"f8": types.float64, "i8": types.int64}[kind])
        else:
            arguments.append(types.CPointer(numba.from_dtype(dtype)))
            arguments += [types.int64] * kind.count(":")
    entry = numba.cfunc(types.int64(*arguments), error_model="numpy", _nrt=False)(_entry_function(k))
    name: str = str(entry.native_name)
    return name.encode() + b"\n" + entry._library._get_compiled_object()  # pyright: ignore[reportPrivateUsage]  numba has no public way


def _entry_function(k: Kernel) -> Callable[..., int]:
    """The C entry of a kernel: wraps pointer and shape of every array, then calls the kernel."""
    heads, calls = [], []
    for name, kind in zip(signature(k.python).parameters, k.types, strict=True):
        shape = [f"{name}_{i}" for i in range(kind.count(":"))]
        heads += [name, *shape]
        calls.append(f"array_at({name}, ({', '.join(shape)},))" if shape else name)
    source = f"def {k.__name__}({', '.join(heads)}):\n    return body({', '.join(calls)})\n"
    space: dict[str, Any] = {"array_at": _array_at(), "body": _jit(k.python, {})}
    exec(source, space)  # the text is made of parameter names of our own function
    return space[k.__name__]


@cache
def _array_at() -> Any:
    """`numba.carray` without its reference counting, which would tie the object code to numba's run time."""
    from numba import types
    from numba.core import cgutils
    from numba.extending import intrinsic
    from numba.np.arrayobj import make_array, populate_array

    def lower(context: Any, builder: Any, sig: Any, args: Any) -> Any:
        pointer, shape = args
        array = make_array(sig.return_type)(context, builder)
        lengths = cgutils.unpack_tuple(builder, shape)
        itemsize = context.get_constant(
            types.intp, context.get_abi_sizeof(context.get_data_type(sig.return_type.dtype))
        )
        strides = [itemsize]
        for length in reversed(lengths[1:]):
            strides.insert(0, builder.mul(strides[0], length))
        populate_array(array, data=pointer, shape=shape, strides=strides, itemsize=itemsize, meminfo=None)
        return array._getvalue()

    def array_at(typing: Any, pointer: Any, shape: Any) -> Any:
        return types.Array(pointer.dtype, len(shape), "C")(pointer, shape), lower

    return intrinsic(array_at)


def _jit(fn: Any, done: dict[int, Any]) -> Any:
    """A numba function for `fn` in which the parts it names are numba functions too."""
    import numba

    if id(fn) not in done:
        space = dict(fn.__globals__)
        for name in _names(fn.__code__):
            if getattr(space.get(name), "__kernel_part__", False):
                space[name] = _jit(space[name], done)
        done[id(fn)] = numba.njit(error_model="numpy", _nrt=False)(FunctionType(fn.__code__, space, fn.__name__))
    return done[id(fn)]


@cache
def _target() -> Any:
    import llvmlite.binding as llvm

    llvm.initialize()
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


_linked: list[Any] = []  # engines own the code they loaded: they must live as long as the process


# Functions of numba that its entry code names for raising exceptions, which kernels never do.
_UNREACHED = (
    "numba_do_raise", "numba_gil_ensure", "numba_gil_release", "numba_runtime_build_excinfo_struct", "numba_unpickle",
)  # fmt: skip


@cache
def _provide_unreached_functions() -> None:
    """Give the linker an address for functions of numba where numba is not there.

    One name that it cannot find makes LLVM leave all others unlinked too, so that the first call of memset or of the
    mathematical library would jump to nowhere.  Numba sets its own addresses when it is imported later.
    """
    import llvmlite.binding as llvm

    address = ctypes.cast(ctypes.CDLL(None).abort, ctypes.c_void_p).value
    for name in _UNREACHED:
        if llvm.address_of_symbol(name) is None:
            llvm.add_symbol(name, address)


def _link(stored: bytes) -> int:
    """Load object code and return the address of its C entry, whose name stands in the first line."""
    import llvmlite.binding as llvm

    _provide_unreached_functions()
    name, _, code = stored.partition(b"\n")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target().create_target_machine(jit=True))
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    _linked.append(engine)
    return engine.get_function_address(name.decode())
