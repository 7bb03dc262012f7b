# Builds the libraries by cargo, and puts them with their versioned names into PIRN_LIB_DIR. Everything goes below the
# build folder, so that the source may be read-only and a `cargo build` beside this one never takes part.

find_program(PIRN_CARGO cargo HINTS $ENV{HOME}/.cargo/bin REQUIRED)
find_program(PIRN_RUSTC rustc HINTS $ENV{HOME}/.cargo/bin REQUIRED)
if(NOT PIRN_CARGO OR NOT PIRN_RUSTC) # CMake before 3.18 does not know REQUIRED
    message(FATAL_ERROR "pirn needs Rust: cargo and rustc were not found")
endif()

execute_process(COMMAND ${PIRN_RUSTC} -vV OUTPUT_VARIABLE version)
string(REGEX MATCH "host: ([^\n]+)" host "${version}")
set(PIRN_RUST_TARGET ${CMAKE_MATCH_1} CACHE STRING "The target that Rust compiles for")

# What Rust's standard library in libpirn.a asks of the system. libc and libgcc_s are left to the compiler that links,
# which adds them by itself, and in the form that a fully static program needs; threads are Threads::Threads.
set(probe ${PROJECT_BINARY_DIR}/CMakeFiles/native-libs)
file(WRITE ${probe}.rs "")
execute_process(
    COMMAND ${PIRN_RUSTC} --crate-type staticlib --target ${PIRN_RUST_TARGET} --print native-static-libs
            -o ${probe}.a ${probe}.rs
    RESULT_VARIABLE failed
    OUTPUT_VARIABLE output
    ERROR_VARIABLE output)
file(REMOVE ${probe}.a)
if(failed OR NOT output MATCHES "native-static-libs: ([^\n]*)")
    message(FATAL_ERROR "rustc does not name the native libraries for ${PIRN_RUST_TARGET}:\n${output}")
endif()
string(REGEX MATCHALL "-l[^ ]+" PIRN_NATIVE_LIBS "${CMAKE_MATCH_1}")
list(REMOVE_ITEM PIRN_NATIVE_LIBS -lc -lgcc_s -lpthread)
list(REMOVE_DUPLICATES PIRN_NATIVE_LIBS)

set(PIRN_LIB_DIR ${PROJECT_BINARY_DIR}/lib)
set(PIRN_SONAME libpirn.so.${PROJECT_VERSION_MAJOR})
set(cargo_out ${PROJECT_BINARY_DIR}/cargo/${PIRN_RUST_TARGET}/release)

# `cargo rustc --crate-type`, since a `cargo build` that makes the rlib too leaves the profile's LTO out: the libraries
# are then several times as large, and libpirn.a shows all of Rust's standard library to the linker.
#
# Only cargo knows whether something changed, so it is asked each time; copy_if_different keeps what links to the
# libraries from being linked anew when nothing did.
file(MAKE_DIRECTORY ${PIRN_LIB_DIR})
add_custom_target(pirn_cargo ALL
    COMMAND sh ${PROJECT_SOURCE_DIR}/cmake/cargo.sh ${PROJECT_SOURCE_DIR} ${PROJECT_BINARY_DIR}/cargo ${PIRN_RUSTC} ${PIRN_CARGO}
            rustc --release --locked --lib --crate-type cdylib,staticlib --target ${PIRN_RUST_TARGET}
            --manifest-path ${PROJECT_SOURCE_DIR}/Cargo.toml --target-dir ${PROJECT_BINARY_DIR}/cargo
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${cargo_out}/libpirn.so ${PIRN_LIB_DIR}/libpirn.so.${PROJECT_VERSION}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${cargo_out}/libpirn.a ${PIRN_LIB_DIR}/libpirn.a
    COMMAND ${CMAKE_COMMAND} -E create_symlink libpirn.so.${PROJECT_VERSION} ${PIRN_LIB_DIR}/${PIRN_SONAME}
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${PIRN_SONAME} ${PIRN_LIB_DIR}/libpirn.so
    BYPRODUCTS ${PIRN_LIB_DIR}/libpirn.so.${PROJECT_VERSION} ${PIRN_LIB_DIR}/libpirn.a
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMENT "Building libpirn.so and libpirn.a by cargo"
    USES_TERMINAL
    VERBATIM)
