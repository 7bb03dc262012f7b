# pirn_test_cases(program variable): the names of the lines TEST(name) of a test program.
function(pirn_test_cases program variable)
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${program})
    file(STRINGS ${program} cases REGEX "^TEST\\([a-z0-9_]+\\)")
    file(STRINGS ${program} meant REGEX "(^|[^A-Za-z0-9_])TEST *\\(")
    list(LENGTH cases n_cases)
    list(LENGTH meant n_meant)
    if(n_cases EQUAL 0 OR NOT n_cases EQUAL n_meant)
        message(FATAL_ERROR "${program}: of its ${n_meant} lines with a TEST(, ${n_cases} are TEST(lower_case_name) in column one, "
            "as they have to be")
    endif()
    list(TRANSFORM cases REPLACE "^TEST\\(([a-z0-9_]+)\\).*" "\\1")
    set(${variable} ${cases} PARENT_SCOPE)
endfunction()
