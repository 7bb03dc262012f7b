# The consumer project against installed trees, and with pirn as a part of itself; the examples against an installed tree.

set(trees ${CMAKE_CURRENT_BINARY_DIR}/consumer)
set(consumer sh ${CMAKE_CURRENT_SOURCE_DIR}/consumer.sh)
set(consumer_environment
    "CMAKE=${CMAKE_COMMAND}" "READELF=${CMAKE_READELF}" "CC=${CMAKE_C_COMPILER}" "CXX=${CMAKE_CXX_COMPILER}"
    "CMAKE_GENERATOR=${CMAKE_GENERATOR}" "VERSION=${PROJECT_VERSION}" "SONAME=${PIRN_SONAME}" "LIBDIR=${CMAKE_INSTALL_LIBDIR}")

function(add_consumer_test name)
    add_language_test(NAME ${name} ${ARGN})
    set_property(TEST ${name} PROPERTY ENVIRONMENT ${consumer_environment})
endfunction()

function(add_consumer_fixture name fixture)
    add_consumer_test(${name} LANGUAGE C ${ARGN})
    set_tests_properties(${name} PROPERTIES FIXTURES_SETUP ${fixture} TIMEOUT 1800)
endfunction()

# Each program of the consumer, built as METHOD says.
function(add_program_tests name method tree fixture)
    foreach(kind shared static)
        foreach(suffix c cpp hpp)
            set(language CXX)
            if(suffix STREQUAL c)
                set(language C)
            endif()
            add_consumer_test(${name}.${kind}.${suffix} LANGUAGE ${language}
                COMMAND ${consumer} ${method} ${tree} ${kind} ${suffix})
            set_tests_properties(${name}.${kind}.${suffix} PROPERTIES FIXTURES_REQUIRED ${fixture})
        endforeach()
    endforeach()
endfunction()

# plain; a prefix with a space; one that was installed below DESTDIR for another prefix and then moved.
set(tree_plain ${trees}/plain)
set(tree_space "${trees}/with a space")
set(tree_moved ${trees}/moved)
foreach(name plain space moved)
    set(tree "${tree_${name}}")
    if(name STREQUAL moved)
        set(how install-and-move)
    else()
        set(how install)
    endif()
    add_consumer_fixture(consumer.${name}.install ${name} COMMAND ${consumer} ${how} "${tree}" ${PROJECT_BINARY_DIR})
    add_consumer_fixture(consumer.${name}.cmake.build ${name}-cmake COMMAND ${consumer} build "${tree}")
    set_tests_properties(consumer.${name}.cmake.build PROPERTIES FIXTURES_REQUIRED ${name})

    add_program_tests(consumer.${name}.cmake built "${tree}" ${name}-cmake)
    add_program_tests(consumer.${name}.pkg-config pkg-config "${tree}" ${name})
    add_program_tests(consumer.${name}.cc cc "${tree}" ${name})
endforeach()

add_consumer_fixture(consumer.subdirectory.build subdirectory
    COMMAND ${consumer} build ${trees}/subdirectory ${PROJECT_SOURCE_DIR})
set_tests_properties(consumer.subdirectory.build PROPERTIES TIMEOUT 1800)
add_program_tests(consumer.subdirectory built ${trees}/subdirectory subdirectory)

add_consumer_fixture(examples.build examples COMMAND ${consumer} examples ${tree_plain} ${PROJECT_SOURCE_DIR})
set_tests_properties(examples.build PROPERTIES FIXTURES_REQUIRED plain)
include(${PROJECT_SOURCE_DIR}/examples/programs.cmake)
foreach(example ${EXAMPLES})
    add_test(NAME examples.${example}
        COMMAND sh ${PROJECT_SOURCE_DIR}/examples/test.sh ${example} ${tree_plain}/examples/${example})
    set_tests_properties(examples.${example} PROPERTIES FIXTURES_REQUIRED examples TIMEOUT 600)
endforeach()

foreach(example ${BASICS})
    foreach(language C CXX)
        string(REPLACE CXX cpp suffix ${language})
        string(TOLOWER ${suffix} suffix)
        add_language_test(NAME examples.${example}.${suffix} LANGUAGE ${language}
            COMMAND sh ${PROJECT_SOURCE_DIR}/examples/test.sh ${example} ${tree_plain}/examples/${example}-${suffix})
        set_tests_properties(examples.${example}.${suffix} PROPERTIES FIXTURES_REQUIRED examples TIMEOUT 600)
    endforeach()
endforeach()

add_language_test(NAME examples.hello.cpp LANGUAGE CXX
    COMMAND sh ${PROJECT_SOURCE_DIR}/examples/test.sh hello ${tree_plain}/examples/hello-cpp)
set_tests_properties(examples.hello.cpp PROPERTIES FIXTURES_REQUIRED examples TIMEOUT 600)
