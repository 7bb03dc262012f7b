# The library for programs under race detectors: the same API and ABI, with the feature `annotate` (src/sys/annotate). It is
# in a folder of its own under the same names, so that LD_LIBRARY_PATH alone puts it in the other's place.

set(PIRN_ANNOTATED_DIR ${PIRN_LIB_DIR}/pirn-annotated)
set(annotated_out ${PROJECT_BINARY_DIR}/cargo-annotated)
set(annotated_lib ${annotated_out}/${PIRN_RUST_TARGET}/annotated)
file(MAKE_DIRECTORY ${PIRN_ANNOTATED_DIR})
if(PIRN_ANNOTATED)
    set(all ALL)
else()
    set(all "")
endif()
add_custom_target(pirn_annotated ${all}
    COMMAND sh ${PROJECT_SOURCE_DIR}/cmake/cargo.sh ${PROJECT_SOURCE_DIR} ${annotated_out} ${PIRN_RUSTC} ${PIRN_CARGO}
            rustc --profile annotated --locked --lib --crate-type cdylib,staticlib --features annotate
            --target ${PIRN_RUST_TARGET} --manifest-path ${PROJECT_SOURCE_DIR}/Cargo.toml --target-dir ${annotated_out}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${annotated_lib}/libpirn.so
            ${PIRN_ANNOTATED_DIR}/libpirn.so.${PROJECT_VERSION}
    COMMAND ${CMAKE_COMMAND} -E copy_if_different ${annotated_lib}/libpirn.a ${PIRN_ANNOTATED_DIR}/libpirn.a
    COMMAND ${CMAKE_COMMAND} -E create_symlink libpirn.so.${PROJECT_VERSION} ${PIRN_ANNOTATED_DIR}/${PIRN_SONAME}
    COMMAND ${CMAKE_COMMAND} -E create_symlink ${PIRN_SONAME} ${PIRN_ANNOTATED_DIR}/libpirn.so
    BYPRODUCTS ${PIRN_ANNOTATED_DIR}/libpirn.so.${PROJECT_VERSION} ${PIRN_ANNOTATED_DIR}/libpirn.a
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR}
    COMMENT "Building the libraries for race detectors by cargo"
    USES_TERMINAL
    VERBATIM)
